// Whether the three things the service stands on answer now.
import type { JobContext } from './job-context.ts'

const PATIENCE_MS = 2500

export async function ready({ db, queue, artifacts }: JobContext) {
  const [database, queued, stored] = await Promise.all([
    answers(db.ping()),
    answers(queue.ping()),
    answers(artifacts.ping()),
  ])
  return { database, queue: queued, artifacts: stored }
}

async function answers(ping: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PATIENCE_MS)
  })
  const answer = ping.then(
    () => true,
    () => false,
  )
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}
