// Every entry of every shelf, by being there.

import { dataFormats } from '@stillhouse/data'
import { type Architecture, type ModelFamily, partOf } from '@stillhouse/engine'
import { exporters } from '@stillhouse/export'
import { methods } from '@stillhouse/methods'
import { models, multiBranch, resnet } from '@stillhouse/models'
import { describe } from 'vitest'
import { dataConformance } from './data-conformance.ts'
import { defaultParams, entryConformance } from './entry-conformance.ts'
import { exportConformance } from './export-conformance.ts'
import { methodConformance } from './method-conformance.ts'
import { modelConformance } from './model-conformance.ts'
import { tinyData } from './tiny-data.ts'

const { signature } = tinyData()
const residual = (width: number) => resnet.architecture({ depth: 8, width }, signature)
const branchParams = { family: 'resnet', params: { depth: 8, width: 2 }, split: 'stage2', branches: 3 }
const branched = multiBranch.architecture(defaultParams(multiBranch, branchParams), signature)
const digits = { inputShape: [8, 8, 1], classes: 10 }
/** What is exported of a family's network: of a branched one the part that leads to its output. */
const deployed = (family: ModelFamily): Architecture => {
  const architecture = family.architecture(defaultParams(family), digits)
  return partOf(architecture, architecture.output)
}
const architectures = Object.fromEntries(models.map((family) => [family.name, deployed(family)]))

describe.each(methods)('the method $name', (method) => {
  entryConformance(method, methods)
  methodConformance(method, { students: [residual(2), branched], teacher: residual(3), signature })
})

describe.each(models)('the model family $name', (family) => {
  entryConformance(family, models)
  modelConformance(family)
})

describe.each(dataFormats)('the data format $name', (format) => {
  entryConformance(format, dataFormats)
  dataConformance(format)
})

describe.each(exporters)('the export format $name', (exporter) => {
  entryConformance(exporter, exporters)
  exportConformance(exporter, architectures)
})
