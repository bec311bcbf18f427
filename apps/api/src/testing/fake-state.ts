// What the service in memory says of itself, and whether it works; tests change it at will.
import type { BackgroundStats, QueueStats, ServiceTotals } from '@stillhouse/jobs'

export interface FakeState {
  ready: boolean
  failWith: Error | null
  stats: QueueStats
  totals: ServiceTotals
  background: BackgroundStats
}

export function fakeState(): FakeState {
  return {
    ready: true,
    failWith: null,
    stats: {
      jobs: { blocked: 0, queued: 2, dispatched: 0, running: 1, succeeded: 5, failed: 0, cancelled: 0 },
      oldestQueuedSeconds: 12.5,
      outboxPending: 1,
      outboxOldestSeconds: 0.25,
      untold: { pending: 4, oldestSeconds: 6.5 },
      workers: { active: 1, slots: 2, busy: 1 },
      waiting: [{ team: 'default', reason: 'busy', jobs: 2 }],
      waitingNeeds: [{ needs: '{"gpus":1}', jobs: 2 }],
      oldestWaits: [{ team: 'default', seconds: 12.5 }],
      training: [{ team: 'default', jobs: 1, imagesPerSecond: 640, stepSeconds: 0.05 }],
    },
    totals: {
      attempts: [
        { team: 'default', ending: 'failed', failureClass: 'infrastructure', code: 'worker.lost', attempts: 3 },
      ],
      usage: [{ team: 'default', slotSeconds: 120, gpuSeconds: 60 }],
      waits: [{ team: 'default', until: 'start', counts: [0, 2, 0, 1, ...Array(10).fill(0)], seconds: 5.25 }],
    },
    background: {
      leading: true,
      loops: {
        dispatch: { rounds: 7, failures: 1, lastSeconds: 0.02, idleSeconds: 0.5 },
        relay: { rounds: 8, failures: 0, lastSeconds: 0.01, idleSeconds: 0.25 },
        webhooks: { rounds: 9, failures: 0, lastSeconds: 0.03, idleSeconds: 0.75 },
        sweep: { rounds: 0, failures: 0, lastSeconds: null, idleSeconds: null },
      },
      handedOut: 4,
      relayed: 5,
      mended: { 'expired-leases': 2 },
    },
  }
}
