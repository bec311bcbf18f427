// TensorFlow.js as a type only: everything here receives the native-backed namespace as an argument, so importing this
// package loads no tensors.
import type * as tfjs from '@tensorflow/tfjs'

export type Tf = typeof tfjs
export type Tensor = tfjs.Tensor
export type Tensor1D = tfjs.Tensor1D
export type Tensor4D = tfjs.Tensor4D
export type LayersModel = tfjs.LayersModel
export type Scalar = tfjs.Scalar
export type Variable = tfjs.Variable
export type DataType = tfjs.DataType
