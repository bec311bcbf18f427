// Rooms, jobs and teams as the scheduler sees them, for tests: with nothing special but what is given.
import type { Held, Room, Standing, Waiting } from '@stillhouse/db'

export const GPU = '{"gpus":1}'

export function room(id: string, part: Partial<Room> = {}): Room {
  return {
    ...{ id, name: id, slots: 1, running: 0, dispatched: 0, devices: [], labels: {} },
    ...{ memoryGb: null, memoryHeldGb: 0, features: ['hand-back'] },
    ...part,
  }
}

export function gpu(memoryGb = 16): Pick<Room, 'devices'> {
  return { devices: [{ kind: 'gpu', name: 'GPU', memoryGb }] }
}

export function standing(teamId: string, part: Partial<Standing> = {}): Standing {
  return {
    ...{ teamId, name: teamId, weight: 1, usage: 0, active: 0, gpus: 0, gpuHours: 0 },
    ...{ maxRunning: null, maxGpus: null, maxGpuHours: null },
    ...part,
  }
}

export function waiting(id: string, part: Partial<Waiting> = {}): Waiting {
  return {
    ...{ id, teamId: 'a', needs: '', priority: 50, queuedAt: 0, losses: 0, reservedOn: null, seconds: null },
    ...part,
  }
}

export function held(id: string, workerId: string, part: Partial<Held> = {}): Held {
  return {
    ...{ id, workerId, teamId: 'a', needs: '', priority: 50, preemptible: false, state: 'running', stopReason: null },
    ...{ ranSeconds: 10, done: 0, stageSecondsLeft: null, seconds: null },
    ...part,
  }
}
