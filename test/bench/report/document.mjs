// docs/benchmarks.md from the results: every number in it comes from results.json.

import { goalTable } from './goals.mjs'
import { jobSection } from './job-section.mjs'
import { memorySection } from './memory-section.mjs'
import { pipelineSection } from './pipeline-section.mjs'
import { profileSection } from './profile-section.mjs'
import { stepSection } from './step-section.mjs'

const HEAD = `# Benchmarks

Written by \`npm run bench\`; do not edit. How it measures, and how to run it: [test/bench](../test/bench/README.md). All
competitors run on the same machine in one run and take turns, with the same number of threads; a ratio is taken within
each round, and the median of the rounds is given with the least and the greatest. Ratios say how many times as long the
other took: above 1, Stillhouse is faster.
`

/** @param {Record<string, any>} parts by number, those that were measured */
export function writeDocument(parts) {
  const sections = [
    ['1', (/** @type {any} */ part) => stepSection('1 · A distillation step', part)],
    ['1', profileSection],
    ['2', (/** @type {any} */ part) => stepSection('2 · The same for small plain networks', part)],
    ['3', jobSection],
    ['4', pipelineSection],
    ['5', memorySection],
  ]
  const written = sections.flatMap(([number, section]) => {
    const part = parts[/** @type {string} */ (number)]
    return part === undefined ? [] : [/** @type {(part: any) => string} */ (section)(part)]
  })
  return `${[HEAD, goalTable(parts), ...written, machineSection(parts)].join('\n').trimEnd()}\n`
}

/** @param {Record<string, any>} parts */
function machineSection(parts) {
  const rows = Object.entries(parts).map(([number, { measured, machine }]) => {
    const { cpu, cores, memoryGiB, system, node } = machine
    return `| ${number} | ${measured} | ${cpu}, ${cores} cores, ${memoryGiB} GiB | ${system} | ${node} |`
  })
  return [
    '## Machine',
    '',
    '| part | measured | machine | system | Node |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    'No GPU takes part. PyTorch, torchvision and torchdistill are the wheels of PyPI, and so is TensorFlow for Python. The',
    "PyTorch wheel is the CUDA build, with empty libraries in the place of CUDA's",
    '([cuda_stand_ins.py](../test/bench/python/cuda_stand_ins.py)): its CPU kernels are as published.',
  ].join('\n')
}
