// Configurations name further classes (initialisers, regularisers, constraints), which loading would look up.
import type { Fault } from '@stillhouse/spec'
import type { GraphLayer } from './read-topology.ts'

const ALLOWED: readonly { readonly field: RegExp; readonly classes: readonly string[] }[] = [
  {
    field: /_initializer$/,
    classes: [
      'Zeros',
      'Ones',
      'Constant',
      'RandomNormal',
      'RandomUniform',
      'TruncatedNormal',
      'VarianceScaling',
      'GlorotNormal',
      'GlorotUniform',
      'HeNormal',
      'HeUniform',
      'LeCunNormal',
      'LeCunUniform',
    ],
  },
  { field: /_regularizer$/, classes: ['L1L2', 'L1', 'L2'] },
  { field: /_constraint$/, classes: ['MaxNorm', 'MinMaxNorm', 'NonNeg', 'UnitNorm'] },
]

/** Faults for classes that no stock layer needs. */
export function initializerFaults(layers: readonly GraphLayer[]): Fault[] {
  return layers.flatMap(({ config, path }) =>
    Object.entries(config).flatMap(([field, value]) => {
      const allowed = ALLOWED.find((one) => one.field.test(field))
      if (allowed === undefined || value === null || value === undefined) return []
      const name = typeof value === 'string' ? value : String((value as Record<string, unknown>)['class_name'])
      if (allowed.classes.includes(name)) return []
      const expected = `one of ${allowed.classes.join(', ')}`
      return [{ path: `${path}/config/${field}`, message: 'this class is not allowed', expected, received: name }]
    }),
  )
}
