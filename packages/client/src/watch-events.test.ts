import type { JobEvent } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { ApiProblem } from './api-problem.ts'
import { ApiUnreachable } from './api-unreachable.ts'
import { type WatchOptions, watchEvents } from './watch-events.ts'

type Answer = Response | Error

/** Answers the n-th connection with the n-th of these, the last one again and again; notes where each one started. */
function scripted(answers: readonly (() => Answer)[]): {
  open: (after: number) => Promise<Response>
  starts: number[]
} {
  const starts: number[] = []
  return {
    starts,
    open: async (after) => {
      const answer = answers[Math.min(starts.length, answers.length - 1)]?.() ?? new Error('no answer')
      starts.push(after)
      if (answer instanceof Error) throw answer
      return answer
    },
  }
}

function stream(...seqs: number[]): Response {
  const text = seqs.map((seq) => `id: ${seq}\nevent: note\ndata: ${JSON.stringify({ seq, type: 'note' })}\n\n`)
  return new Response(`retry: 2000\n\n${text.join('')}`, { headers: { 'content-type': 'text/event-stream' } })
}

const broken = (...seqs: number[]): Response => {
  const text = seqs.map((seq) => `data: ${JSON.stringify({ seq, type: 'note' })}\n\n`).join('')
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
    pull: (controller) => controller.error(new TypeError('terminated')),
  })
  return new Response(body)
}
const over = (): Response => new Response(null, { status: 204 })
const refused = (): Error => new ApiUnreachable('http://x', new Error('ECONNREFUSED'))
const problem = (status: number): Error =>
  new ApiProblem({ type: '', title: '', status, code: `test.${status}`, detail: 'no' })

async function seqsOf(events: AsyncIterable<JobEvent>): Promise<number[]> {
  const seqs: number[] = []
  for await (const event of events) seqs.push(event.seq)
  return seqs
}

const watch = (answers: readonly (() => Answer)[], options?: WatchOptions) => {
  const { open, starts } = scripted(answers)
  return { seqs: seqsOf(watchEvents(open, options)), starts }
}

test('events come in order until the service says that nothing follows', async () => {
  const { seqs, starts } = watch([() => stream(1, 2, 3), over])
  expect(await seqs).toEqual([1, 2, 3])
  expect(starts).toEqual([0, 3])
})

test('a lost connection is resumed after the last event seen, and nothing comes twice', async () => {
  const { seqs, starts } = watch([() => broken(1, 2), refused, () => stream(2, 3), () => stream(4), over])
  expect(await seqs).toEqual([1, 2, 3, 4])
  expect(starts).toEqual([0, 2, 2, 3, 4])
})

test('watching starts where the caller says', async () => {
  const { seqs, starts } = watch([() => stream(41, 42), over], { after: 40 })
  expect(await seqs).toEqual([41, 42])
  expect(starts[0]).toBe(40)
})

test('a wrong request is not repeated', async () => {
  const { seqs, starts } = watch([() => problem(404)])
  await expect(seqs).rejects.toMatchObject({ status: 404 })
  expect(starts).toHaveLength(1)
})

test('a service in trouble is asked again', async () => {
  const { seqs, starts } = watch([() => problem(503), () => stream(1), over])
  expect(await seqs).toEqual([1])
  expect(starts).toEqual([0, 0, 1])
})

test('after so many failures in a row watching ends with the last of them', async () => {
  const { seqs, starts } = watch([refused], { retries: 2 })
  await expect(seqs).rejects.toBeInstanceOf(ApiUnreachable)
  expect(starts).toHaveLength(3)
})

test('streams that end without a word are not asked for as fast as possible', async () => {
  const { seqs, starts } = watch([() => stream()], { retries: 1 })
  await expect(seqs).rejects.toThrow('ended without an event')
  expect(starts).toHaveLength(2)
})

test('a silent stream is taken for dead', async () => {
  const silent = (): Response => new Response(new ReadableStream({}))
  const { seqs, starts } = watch([silent, () => stream(1), over], { idleMs: 20 })
  expect(await seqs).toEqual([1])
  expect(starts).toEqual([0, 0, 1])
})

test('a signal ends watching at once, while reading and while waiting to try again', async () => {
  for (const answer of [() => new Response(new ReadableStream({})), refused]) {
    const controller = new AbortController()
    const { open } = scripted([answer])
    const opened: typeof open = async (after) => {
      const response = await open(after)
      controller.signal.addEventListener('abort', () => void response.body?.cancel().catch(() => undefined))
      return response
    }
    const seqs = seqsOf(watchEvents(opened, { signal: controller.signal, idleMs: 100 }))
    setTimeout(() => controller.abort(new Error('enough')), 10)
    await expect(seqs).rejects.toThrow('enough')
  }
})

test('leaving the loop closes the stream', async () => {
  let cancelled = false
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('data: {"seq":1}\n\n')),
    cancel: () => {
      cancelled = true
    },
  })
  for await (const _ of watchEvents(async () => new Response(body))) break
  expect(cancelled).toBe(true)
})
