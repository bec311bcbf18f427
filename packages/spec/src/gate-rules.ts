// Rules of gates that a schema cannot say: the metric exists, and the job measures it.
import type { Fault } from './fault.ts'
import { parseGate, RESULT_METRIC_NAMES } from './gates.ts'
import type { JobSpec } from './job-spec.ts'
import { escapePointer } from './json-pointer.ts'
import { nearest } from './nearest.ts'

/** @param sound tells whether the schema found nothing wrong at or below a path */
export function gateRuleFaults(spec: JobSpec, sound: (path: string) => boolean): Fault[] {
  if (typeof spec.gates !== 'object' || spec.gates === null) return []
  const mayNeed = sound('/teachers') && sound('/evaluate')
  return Object.entries(spec.gates).flatMap(([metric, condition]) => {
    const path = `/gates/${escapePointer(metric)}`
    if (!sound(path)) return []
    if (!(RESULT_METRIC_NAMES as string[]).includes(metric)) return [unknownMetric(path, metric)]
    return [...conditionFaults(path, condition), ...(mayNeed ? needFaults(path, metric, spec) : [])]
  })
}

function unknownMetric(path: string, metric: string): Fault {
  const suggestion = nearest(metric, RESULT_METRIC_NAMES)
  return {
    path,
    message: `there is no metric "${metric}"`,
    expected: `one of ${RESULT_METRIC_NAMES.join(', ')}`,
    received: metric,
    ...(suggestion === undefined ? {} : { suggestion }),
  }
}

function conditionFaults(path: string, condition: string): Fault[] {
  if (parseGate(condition) !== undefined) return []
  const expected = 'an operator and a finite number, e.g. ">= 0.97"'
  return [{ path, message: 'not a gate', expected, received: condition }]
}

/** Faults of a gate on something that this job does not measure. */
function needFaults(path: string, metric: string, { evaluate, teachers }: JobSpec): Fault[] {
  const needs = [
    {
      when: metric === 'accuracyGainVsBaseline' || metric.startsWith('baseline.'),
      met: evaluate.baseline,
      fault: { message: `${metric} needs the control run`, expected: 'evaluate.baseline: true', received: 'false' },
    },
    {
      when: /^teacher\.|^compression\.|^agreement$|VsTeacher$/.test(metric),
      met: teachers.length > 0,
      fault: { message: `${metric} needs a teacher`, expected: 'a teacher in the job', received: 'none' },
    },
    {
      when: metric.includes('latency.'),
      met: evaluate.latencyRuns > 0,
      fault: { message: `${metric} needs timed runs`, expected: 'evaluate.latencyRuns >= 1', received: '0' },
    },
  ]
  return needs.flatMap(({ when, met, fault }) => (when && !met ? [{ path, ...fault }] : []))
}
