// Shows a running job: bars on a terminal, one plain line per tenth of a stage elsewhere (CI logs stay readable).
import type { JobEvent, JobProgress } from '@stillhouse/spec'
import { MultiBar, Presets, type SingleBar } from 'cli-progress'
import { count, duration } from './format.ts'

export interface ProgressView {
  /** The job waits; `reason` says why. */
  waiting(reason: string): void
  event(event: JobEvent): void
  /** Ends the display; safe to call twice. */
  close(): void
}

/** The fitting view for the stream; everything goes to it, so that stdout stays free for results. */
export function createProgressView(stream: NodeJS.WriteStream = process.stderr): ProgressView {
  return stream.isTTY && !process.env['CI'] ? barView(stream) : lineView(stream)
}

function details({ loss, imagesPerSecond, secondsLeft }: JobProgress): string {
  return [
    loss === undefined ? undefined : `loss ${loss.toFixed(4)}`,
    imagesPerSecond === undefined ? undefined : `${count(imagesPerSecond)} images/s`,
    secondsLeft === undefined ? undefined : `${duration(secondsLeft)} left`,
  ]
    .filter((part) => part !== undefined)
    .join('  ')
}

function titleOf({ stage, stageIndex, stageCount }: JobProgress): string {
  return `${stageIndex + 1}/${stageCount} ${stage}`
}

function otherEventText(event: JobEvent): string | undefined {
  if (event.type === 'note') return event.data.message
  if (event.type === 'state' && event.data.state === 'queued' && event.seq > 1)
    return `queued again: ${event.data.reason ?? 'retry'}`
  if (event.type === 'state' && event.data.state === 'running') return `attempt ${event.data.attempt} runs`
  return undefined
}

function barView(stream: NodeJS.WriteStream): ProgressView {
  const bars = new MultiBar(
    {
      stream,
      format: ' {title} {bar} {percentage}%  {details}',
      hideCursor: true,
      clearOnComplete: false,
      autopadding: true,
      barsize: 28,
      fps: 8,
    },
    Presets.shades_classic,
  )
  let current: { title: string; bar: SingleBar } | undefined
  let closed = false
  const finish = (): void => {
    if (current === undefined) return
    current.bar.update(current.bar.getTotal())
    current.bar.stop()
    current = undefined
  }
  const show = (title: string, { total, value, text }: { total: number; value: number; text: string }): void => {
    if (current?.title !== title) {
      finish()
      current = { title, bar: bars.create(Math.max(1, total), 0, { title: title.padEnd(16), details: '' }) }
    }
    current.bar.setTotal(Math.max(1, total))
    current.bar.update(Math.min(value, Math.max(1, total)), { details: text })
  }
  return {
    waiting: (reason) => show('queue', { total: 1, value: 0, text: reason }),
    event: (event) => {
      const text = otherEventText(event)
      if (text !== undefined) bars.log(` ${text}\n`)
      if (event.type !== 'progress') return
      const { progress } = event.data
      show(titleOf(progress), { total: progress.steps, value: progress.step, text: details(progress) })
    },
    close: () => {
      if (closed) return
      closed = true
      finish()
      bars.stop()
    },
  }
}

function lineView(stream: NodeJS.WriteStream): ProgressView {
  let last = ''
  const print = (line: string): void => {
    if (line === last) return
    last = line
    stream.write(`${line}\n`)
  }
  let printedTenth = ''
  return {
    waiting: (reason) => print(`queue: ${reason}`),
    event: (event) => {
      const text = otherEventText(event)
      if (text !== undefined) print(text)
      if (event.type !== 'progress') return
      const { progress } = event.data
      const tenth = `${progress.stage} ${Math.floor((10 * progress.step) / Math.max(1, progress.steps))}`
      if (tenth === printedTenth) return
      printedTenth = tenth
      print(`${titleOf(progress)}: step ${progress.step}/${progress.steps}  ${details(progress)}`.trimEnd())
    },
    close: () => undefined,
  }
}
