// Every entry of the shelves of models, data and exports, by being there.

import { dataFormats } from '@stillhouse/data'
import { type Architecture, type ModelFamily, partOf } from '@stillhouse/engine'
import { exporters } from '@stillhouse/export'
import { models } from '@stillhouse/models'
import { describe } from 'vitest'
import { dataConformance } from './data-conformance.ts'
import { defaultParams, entryConformance } from './entry-conformance.ts'
import { exportConformance } from './export-conformance.ts'
import { modelConformance } from './model-conformance.ts'

const digits = { inputShape: [8, 8, 1], classes: 10 }
/** What is exported of a family's network: of a branched one the part that leads to its output. */
const deployed = (family: ModelFamily): Architecture => {
  const architecture = family.architecture(defaultParams(family), digits)
  return partOf(architecture, architecture.output)
}
const architectures = Object.fromEntries(models.map((family) => [family.name, deployed(family)]))

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
