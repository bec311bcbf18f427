// Gates: conditions on the result's metrics that decide the verdict, e.g. `accuracy: ">= 0.97"`.

/** Metrics that a gate may name, with what they mean. All are numbers; larger is not always better. */
export const RESULT_METRICS = {
  accuracy: 'top-1 accuracy of the student on the evaluation split, 0..1',
  'accuracy.top5': 'share of samples whose class is among the five likeliest, 0..1 (more than five classes)',
  nll: 'mean negative log-likelihood of the student on the evaluation split, nats',
  ece: 'expected calibration error of the student, 15 equal-width bins, 0..1',
  params: 'parameters of the exported student',
  'size.bytes': 'bytes of the first export on disk',
  'export.accuracy.min': 'top-1 accuracy of the least accurate export, loaded back, on the evaluation split, 0..1',
  'export.agreement.min':
    'share of evaluation samples on which the export that differs most predicts the same class as the student, 0..1',
  'latency.p50Ms': 'median latency of one sample through the student, milliseconds',
  'latency.p95Ms': '95th percentile latency of one sample through the student, milliseconds',
  macs: 'multiply-adds of one sample through the student',
  agreement: 'share of evaluation samples on which student and (first) teacher predict the same class, 0..1',
  accuracyDropVsTeacher: 'teacher accuracy minus student accuracy',
  accuracyGainVsBaseline: 'student accuracy minus the accuracy of the same student trained without a teacher',
  'compression.params': 'teacher parameters divided by student parameters',
  'compression.size': 'teacher bytes divided by student bytes',
  'teacher.accuracy': 'top-1 accuracy of the (first) teacher',
  'teacher.nll': 'mean negative log-likelihood of the (first) teacher',
  'teacher.params': 'parameters of the (first) teacher',
  'teacher.size.bytes': 'bytes of the (first) teacher in the first export format',
  'teacher.latency.p50Ms': 'median latency of the (first) teacher, milliseconds',
  'teacher.latency.p95Ms': '95th percentile latency of the (first) teacher, milliseconds',
  'baseline.accuracy': 'accuracy of the same student trained without a teacher (evaluate.baseline: true)',
  'baseline.nll': 'mean negative log-likelihood of the student trained without a teacher',
} as const

export type ResultMetric = keyof typeof RESULT_METRICS

export const RESULT_METRIC_NAMES = Object.keys(RESULT_METRICS) as ResultMetric[]

export const GATE_PATTERN = '^\\s*(>=|<=|>|<|==)\\s*([+-]?(\\d+(\\.\\d*)?|\\.\\d+)([eE][+-]?\\d+)?)\\s*$'

export interface Gate {
  readonly operator: '>=' | '<=' | '>' | '<' | '=='
  readonly value: number
}

/** Parses `">= 0.97"`; undefined when the text is not a gate, or its number too large to be one. */
export function parseGate(text: string): Gate | undefined {
  const match = new RegExp(GATE_PATTERN).exec(text)
  if (!match) return undefined
  const value = Number(match[2])
  return Number.isFinite(value) ? { operator: match[1] as Gate['operator'], value } : undefined
}

/** True when `actual` meets the gate. NaN meets none. */
export function meetsGate(gate: Gate, actual: number): boolean {
  switch (gate.operator) {
    case '>=':
      return actual >= gate.value
    case '<=':
      return actual <= gate.value
    case '>':
      return actual > gate.value
    case '<':
      return actual < gate.value
    case '==':
      return actual === gate.value
  }
}

export interface GateResult {
  metric: string
  condition: string
  actual: number | null
  passed: boolean
}

/** Judges all gates. A metric that was not measured fails its gate with `actual: null`. */
export function judgeGates(
  gates: Readonly<Record<string, string>>,
  metrics: Readonly<Record<string, number>>,
): GateResult[] {
  return Object.entries(gates).map(([metric, condition]) => {
    const gate = parseGate(condition)
    const actual = metrics[metric] ?? null
    return { metric, condition, actual, passed: gate !== undefined && actual !== null && meetsGate(gate, actual) }
  })
}
