// Part 3 of the document.
import { barChart } from './chart.mjs'
import { block, percent, ratioText, spreadText } from './format.mjs'

/** @param {any} part */
export function jobSection({ samples, testSamples, epochs, rounds, results, comparisons }) {
  const rows = results.map(
    (/** @type {any} */ { name, total, startUp, accuracy, teacherAccuracy }) =>
      `| ${name} | ${spreadText(total, 's')} | ${spreadText(startUp, 's')} | ${percent(accuracy.median)} | ${percent(teacherAccuracy.median)} |`,
  )
  const pairs = comparisons.map(
    (/** @type {any} */ { theirs, ours, ratio }) => `| ${theirs} | ${ours} | ${ratioText(ratio)} |`,
  )
  const bars = results.map((/** @type {any} */ { name, total }) => ({
    name,
    value: total.median,
    shown: `${total.median.toFixed(1)} s`,
  }))
  return [
    '## 3 · A whole job',
    '',
    `MNIST, ${samples} images, ${epochs} epochs, batch 128: load the data, distil ResNet-20 → ResNet-8, evaluate student and`,
    `teacher on ${testSamples} test images, export. Each run is a fresh process, ${rounds} rounds in turns, start-up (until the`,
    'libraries are loaded) included and also given apart. Both sides have the same trained teacher, the same number of steps',
    'and the same loss; torchdistill is driven by [its own configuration](../test/bench/python/torchdistill.yaml). It keeps no',
    "teacher outputs itself; its cached variant is what a user can add with its registries. Its teacher pads as TensorFlow's",
    'does, since it was trained so.',
    '',
    block(barChart(bars)),
    '',
    '| | whole job | of it start-up | student right | teacher right |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    '| | compared with | takes as long |',
    '| --- | --- | --- |',
    ...pairs,
    '',
  ].join('\n')
}
