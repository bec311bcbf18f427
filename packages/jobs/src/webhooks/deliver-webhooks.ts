// Sends what is due to webhooks. At least once: who dies between the answer and writing it down sends it again, under the
// same id.
import type { DueDelivery, TriedDelivery } from '@stillhouse/db'
import { STILLHOUSE_VERSION } from '@stillhouse/kit'
import type { WebhookMessage } from '@stillhouse/spec'
import type { JobContext } from '../job-context.ts'
import { AddressRefused } from './outside.ts'
import { postOutside } from './post-outside.ts'
import { signatureHeaders } from './sign-message.ts'

const BATCH = { limit: 50, perWebhook: 5, leaseSeconds: 60 }
const TIMEOUT_MS = 5000
/** Five seconds after the first, three times as long after each further one, four hours at most: about 16 hours in all. */
const MOST_TRIES = 12
const FIRST_PAUSE_SECONDS = 5
const LONGEST_PAUSE_SECONDS = 4 * 3600

/** One round; answers how many were tried. */
export async function deliverWebhooks(context: JobContext): Promise<number> {
  const due = await context.db.statement(({ deliveries }) => deliveries.take(BATCH))
  await Promise.all(due.map((delivery) => deliver(context, delivery)))
  return due.length
}

async function deliver({ db, settings, logger }: JobContext, delivery: DueDelivery): Promise<void> {
  const { id, webhookId, tries, url } = delivery
  const body = JSON.stringify(messageOf(delivery))
  const signed = { id: `msg_${id}`, timestamp: Math.floor(Date.now() / 1000), body }
  const headers = {
    'content-type': 'application/json',
    'user-agent': `stillhouse/${STILLHOUSE_VERSION}`,
    ...signatureHeaders(delivery.secret, signed),
  }
  const post = { url, headers, body, allowed: settings.outboundAllow, timeoutMs: TIMEOUT_MS }
  const tried = outcomeOf(tries, await postOutside(post).catch(asError))
  await db.statement(({ deliveries }) => deliveries.settle(id, tried))
  const about = { webhookId, delivery: Number(id), jobId: delivery.job.id, tries, status: tried.status }
  if (tried.error === null) logger.info(about, 'webhook told')
  else logger.warn({ ...about, reason: tried.error, again: tried.retryInSeconds }, 'a webhook was not told')
}

function messageOf({ job, seq, at, data }: DueDelivery): WebhookMessage {
  return { type: `job.${data.state}`, timestamp: at.toISOString(), data: { job, event: seq, ...data } }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

function outcomeOf(tries: number, answer: number | Error): TriedDelivery {
  const status = typeof answer === 'number' ? answer : null
  if (status !== null && status >= 200 && status < 300) return { status, error: null, retryInSeconds: null }
  const error = typeof answer === 'number' ? `answered ${answer}` : reasonOf(answer)
  // Gone: the receiver wants no more of it
  return { status, error, retryInSeconds: status === 410 || tries >= MOST_TRIES ? null : pauseAfter(tries) }
}

/** Says no more of what is behind an address than that it cannot be used. */
function reasonOf(error: Error): string {
  if (error instanceof AddressRefused)
    return 'stands for an address that is not public; the operator can allow it in OUTBOUND_ALLOW'
  return (error as NodeJS.ErrnoException).code ?? error.message
}

function pauseAfter(tries: number): number {
  return Math.min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 3 ** (tries - 1))
}
