// TensorFlow.js as a type only: shelf files and the engine receive `tf` as an argument, so that the API can
// check parameters without loading tensors.
import type * as tfjs from '@tensorflow/tfjs'

export type Tf = typeof tfjs
export type Tensor = tfjs.Tensor
export type Scalar = tfjs.Scalar
export type Variable = tfjs.Variable
export type LayersModel = tfjs.LayersModel
export type DataType = tfjs.DataType
