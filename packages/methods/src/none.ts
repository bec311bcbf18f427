// Plain supervised training: the control that a distilled student is measured against.
import type { Method } from '@stillhouse/engine'
import { Type } from 'typebox'

const parameters = Type.Object({}, { additionalProperties: false })

/** Cross-entropy with the labels. Teachers of the job are measured beside the student, and not used. */
export const none: Method = {
  name: 'none',
  title: 'No distillation',
  summary: 'Cross-entropy with the labels only: the control. Teachers are compared with, never learnt from.',
  paper: null,
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 0, max: 16 }, labels: true },
  plan({ student }) {
    return {
      deploy: student,
      stages: [
        {
          name: 'train',
          share: 1,
          players: [{ role: 'student', variables: student.trainable }],
          updates: [
            {
              kind: 'gradient',
              name: 'student',
              trains: ['student'],
              loss: ({ ops, batch, train }) => ({ ce: ops.crossEntropy(train(student).logits, batch.y) }),
            },
          ],
        },
      ],
    }
  },
}
