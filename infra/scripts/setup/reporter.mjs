// What the user sees: one line per step when it is done, and while it runs a moving line on a terminal, or plain lines
// now and then where there is none (CI logs).
import { formatBytes, formatDuration } from './format.mjs'

const BAR = 16
/** Without a terminal, only what takes longer than this gets a line of its own while it runs. */
const PATIENCE_MS = 1500
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/**
 * @typedef {{label: string, done: number, total: number, unit?: 'bytes' | 'items'}} Progress
 * @typedef {{progress: (progress: Progress) => void, working: (label: string) => void, say: (text: string) => void}} StepView
 * @typedef {{detail: string, changed?: boolean}} StepResult
 * @typedef {{write: (text: string) => unknown, isTTY?: boolean, columns?: number}} Output
 */

/**
 * @param {{output: Output, quiet?: boolean, now?: () => number}} options
 */
export function createReporter({ output, quiet = false, now = () => performance.now() }) {
  const tty = output.isTTY === true
  const clear = () => tty && output.write('\r\x1b[2K')
  return {
    /**
     * @template {StepResult} T
     * @param {string} name
     * @param {(view: StepView) => Promise<T> | T} run
     * @returns {Promise<T>}
     */
    async step(name, run) {
      const started = now()
      const live = createLiveLine({ name, output, tty, now })
      try {
        const result = await run(live.view)
        live.stop()
        clear()
        if (!quiet || result.changed) {
          output.write(`✓ ${name.padEnd(14)} ${result.detail} (${formatDuration(now() - started)})\n`)
        }
        return result
      } catch (error) {
        live.stop()
        clear()
        throw error
      }
    },
  }
}

/** @param {{name: string, output: Output, tty: boolean, now: () => number}} options */
function createLiveLine({ name, output, tty, now }) {
  /** @type {NodeJS.Timeout | undefined} */
  let spinner
  let began = 0
  let firstDone = 0
  let lastTenth = -1
  let label = ''
  const stop = () => clearInterval(spinner)
  /** @param {string} text */
  const live = (text) => output.write(`\r\x1b[2K${text.slice(0, (output.columns || 80) - 1)}`)
  /** @param {string} next @param {number} done */
  const begin = (next, done) => {
    stop()
    if (next === label) return
    label = next
    began = now()
    firstDone = done
  }
  /** @type {StepView} */
  const view = {
    progress(progress) {
      begin(progress.label, progress.done)
      const text = describeProgress(progress, { elapsed: now() - began, since: firstDone })
      if (tty) return void live(`  ${bar(progress)} ${name}: ${text}`)
      const tenth = Math.floor((progress.done / progress.total) * 10)
      if (tenth > lastTenth) output.write(`  ${name}: ${text}\n`)
      lastTenth = Math.max(tenth, lastTenth)
    },
    working(next) {
      begin(next, 0)
      if (!tty) {
        spinner = setTimeout(() => output.write(`  ${name}: ${next} …\n`), PATIENCE_MS)
        return
      }
      let frame = 0
      const draw = () =>
        live(`  ${SPINNER[frame++ % SPINNER.length]} ${name}: ${next} … ${formatDuration(now() - began)}`)
      draw()
      spinner = setInterval(draw, 120)
    },
    say(text) {
      if (tty) output.write('\r\x1b[2K')
      output.write(`  ${name}: ${text}\n`)
    },
  }
  return { view, stop }
}

/** @param {Progress} progress */
function bar({ done, total }) {
  const full = Math.round(BAR * Math.min(1, done / total))
  return `[${'█'.repeat(full)}${'░'.repeat(BAR - full)}]`
}

/**
 * @param {Progress} progress
 * @param {{elapsed: number, since: number}} timing milliseconds, and the count at which they began
 * @returns {string} for example `downloading 40%  110/274 MB  35.1 MB/s  5 s left`
 */
export function describeProgress({ label, done, total, unit = 'bytes' }, { elapsed, since }) {
  const percent = `${label} ${String(Math.floor((100 * done) / total)).padStart(3)}%`
  if (unit === 'items') return `${percent}  ${done}/${total}`
  const perSecond = elapsed > 0 ? ((done - since) / elapsed) * 1000 : 0
  const amount = `${percent}  ${formatBytes(done, total)}/${formatBytes(total)}`
  if (perSecond <= 0 || done >= total) return amount
  return `${amount}  ${formatBytes(perSecond)}/s  ${formatDuration(((total - done) / perSecond) * 1000)} left`
}
