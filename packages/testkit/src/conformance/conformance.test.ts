// Every entry of every shelf, by being there.

import { dataFormats } from '@stillhouse/data'
import type { Architecture } from '@stillhouse/engine'
import { exporters } from '@stillhouse/export'
import { methods } from '@stillhouse/methods'
import { models, resnet } from '@stillhouse/models'
import { describe } from 'vitest'
import { dataConformance } from './data-conformance.ts'
import { defaultParams, entryConformance } from './entry-conformance.ts'
import { exportConformance } from './export-conformance.ts'
import { methodConformance } from './method-conformance.ts'
import { modelConformance } from './model-conformance.ts'
import { tinyData } from './tiny-data.ts'

const { signature } = tinyData()
const residual = (width: number) => resnet.architecture({ depth: 8, width }, signature)
const digits = { inputShape: [8, 8, 1], classes: 10 }
const architectures = Object.fromEntries(
  models.map((family): [string, Architecture] => [family.name, family.architecture(defaultParams(family), digits)]),
)

describe.each(methods)('the method $name', (method) => {
  entryConformance(method, methods)
  methodConformance(method, { student: residual(2), teacher: residual(3) })
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
