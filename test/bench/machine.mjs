// What the numbers were measured on, without anything that names the machine or its owner.
import { availableParallelism, cpus, totalmem } from 'node:os'

/** @returns {{cpu: string, cores: number, memoryGiB: number, system: string, node: string}} */
export function machine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? process.arch,
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform}-${process.arch}`,
    node: process.versions.node,
  }
}
