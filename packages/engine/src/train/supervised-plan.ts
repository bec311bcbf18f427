// Plain supervised training: how the engine trains a teacher and the control, and what a method without a teacher is.
import type { Plan } from '../contracts/method.ts'
import type { Network } from '../contracts/network.ts'

/** One stage, cross-entropy with the labels, logged as `ce`. */
export function supervisedPlan(network: Network): Plan {
  return {
    deploy: network,
    stages: [
      {
        name: 'train',
        share: 1,
        players: [{ role: network.role, variables: network.trainable }],
        updates: [
          {
            kind: 'gradient',
            name: 'supervised',
            trains: [network.role],
            loss: ({ ops, batch, train }) => ({ ce: ops.crossEntropy(train(network).logits, batch.labels) }),
          },
        ],
      },
    ],
  }
}
