// Several checks of one job ask for the same teachers; each is looked up once.
import type { CallerService } from '@stillhouse/jobs'

type LookUps = Pick<CallerService, 'getJob' | 'getModel'>

/** For one request: what it has found is not looked up again. */
export function lookUpOnce({ getJob, getModel }: LookUps): LookUps {
  return { getJob: once(getJob), getModel: once(getModel) }
}

function once<T>(find: (id: string) => Promise<T>): (id: string) => Promise<T> {
  const found = new Map<string, Promise<T>>()
  return (id) => {
    const answer = found.get(id) ?? find(id)
    found.set(id, answer)
    return answer
  }
}
