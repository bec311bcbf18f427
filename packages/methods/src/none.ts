// Plain supervised training: the control that a distilled student is measured against.
import type { TermMethod } from '@stillhouse/engine'
import { Type } from 'typebox'

const parameters = Type.Object({}, { additionalProperties: false })

/** Cross-entropy with the labels. Teachers of the job are measured beside the student, and not used. */
export const none: TermMethod = {
  name: 'none',
  title: 'No distillation',
  summary: 'Cross-entropy with the labels only: the control. Teachers are compared with, never learnt from.',
  paper: null,
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 0, max: 16 }, labels: true },
  ownLabels: true,
  term: () => ({
    loss: ({ ops, batch }, student) => ({ ce: ops.crossEntropy(student.logits, batch.labels) }),
  }),
}
