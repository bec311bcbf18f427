// GraphDef and SavedModel as bytes. Field numbers are those of tensorflow/core/framework/{graph,node_def,attr_value,
// tensor,tensor_shape,versions}.proto and tensorflow/core/protobuf/{saved_model,meta_graph}.proto.
import { DT } from './data-types.ts'
import { type ConstantValue, type GraphNode, type NodeAttr, refName } from './graph-node.ts'
import { type ProtoWriter, protoWriter } from './proto-writer.ts'

/** GraphDef version written: that of TensorFlow 2.13, the oldest that is supported here. */
const PRODUCER = 1395

/** One input or output of a serving signature. */
export interface SignatureTensor {
  /** Name of the value in the graph, e.g. `x:0`. */
  readonly name: string
  readonly dtype: number
  /** −1 where any size fits. */
  readonly shape: readonly number[]
}

interface SignatureTensors {
  readonly inputs: Readonly<Record<string, SignatureTensor>>
  readonly outputs: Readonly<Record<string, SignatureTensor>>
}

export interface SavedModelContent {
  /** Every node after those it depends on. */
  readonly nodes: readonly GraphNode[]
  /** By signature name, e.g. `serving_default`. */
  readonly signatures: Readonly<Record<string, SignatureTensors>>
}

function writeShape(out: ProtoWriter, shape: readonly number[]): void {
  for (const size of shape) out.message(2, (dim) => dim.varint(1, size))
}

/** Whether one value fills the whole tensor, which can then be written as that value alone. */
function isFilled({ bytes, dtype }: ConstantValue, width: number): boolean {
  if ((dtype !== DT.float32 && dtype !== DT.int32) || bytes.length <= 4 * width) return false
  return bytes.every((byte, i) => byte === bytes[i % width])
}

function writeTensor(out: ProtoWriter, value: ConstantValue): void {
  out.varint(1, value.dtype)
  out.message(2, (shape) => writeShape(shape, value.shape))
  const view = new DataView(value.bytes.buffer, value.bytes.byteOffset)
  if (!isFilled(value, 4)) out.bytes(4, value.bytes)
  else if (value.dtype === DT.float32) out.packedFloats(5, [view.getFloat32(0, true)])
  else out.packedVarints(7, [view.getInt32(0, true)])
}

function writeAttr(out: ProtoWriter, attr: NodeAttr): void {
  if ('type' in attr) out.varint(6, attr.type)
  else if ('int' in attr) out.varint(3, attr.int)
  else if ('ints' in attr) out.message(1, (list) => list.packedVarints(3, attr.ints))
  else if ('float' in attr) out.float(4, attr.float)
  else if ('floats' in attr) out.message(1, (list) => list.packedFloats(4, attr.floats))
  else if ('bool' in attr) out.varint(5, attr.bool ? 1 : 0)
  else if ('bools' in attr) out.message(1, (list) => list.packedVarints(5, attr.bools.map(Number)))
  else if ('string' in attr) out.string(2, attr.string)
  else if ('shape' in attr) out.message(7, (shape) => writeShape(shape, attr.shape))
  else out.message(8, (tensor) => writeTensor(tensor, attr.tensor))
}

function writeNode(out: ProtoWriter, node: GraphNode): void {
  out.string(1, node.name)
  out.string(2, node.op)
  for (const ref of node.inputs) out.string(3, refName(ref))
  for (const control of node.controls) out.string(3, `^${control.name}`)
  for (const [key, attr] of Object.entries(node.attrs)) {
    out.message(5, (entry) => {
      entry.string(1, key)
      entry.message(2, (value) => writeAttr(value, attr))
    })
  }
}

function writeSignatureTensors(out: ProtoWriter, field: number, tensors: Readonly<Record<string, SignatureTensor>>) {
  for (const [key, { name, dtype, shape }] of Object.entries(tensors)) {
    out.message(field, (entry) => {
      entry.string(1, key)
      entry.message(2, (info) => {
        info.string(1, name)
        info.varint(2, dtype)
        info.message(3, (dims) => writeShape(dims, shape))
      })
    })
  }
}

function writeSignature(out: ProtoWriter, name: string, { inputs, outputs }: SignatureTensors): void {
  out.string(1, name)
  out.message(2, (signature) => {
    writeSignatureTensors(signature, 1, inputs)
    writeSignatureTensors(signature, 2, outputs)
    signature.string(3, 'tensorflow/serving/predict')
  })
}

/** The bytes of a `saved_model.pb` with the tag `serve` and no variables of its own. */
export function encodeSavedModel({ nodes, signatures }: SavedModelContent): Uint8Array {
  const out = protoWriter()
  out.varint(1, 1)
  out.message(2, (meta) => {
    meta.message(1, (info) => info.string(4, 'serve'))
    meta.message(2, (graph) => {
      for (const node of nodes) graph.message(1, (message) => writeNode(message, node))
      graph.message(4, (versions) => versions.varint(1, PRODUCER))
    })
    for (const [name, signature] of Object.entries(signatures)) {
      meta.message(5, (entry) => writeSignature(entry, name, signature))
    }
  })
  return out.finish()
}
