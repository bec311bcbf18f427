// Spans with explicit parents. A parent is the text of a W3C traceparent, as it comes in a header, lies in a job's row or
// travels with a claim: nothing depends on what happens to be active. Without telemetry a span is inert and costs nothing
// worth naming, but what comes in as a parent goes on as it came.
import {
  type Context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'

export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>

export interface SpanOptions {
  /** W3C traceparent; what is none begins a trace of its own. */
  readonly parent?: string | null | undefined
  readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  /** No secrets, and nothing that users wrote: traces are read by others than jobs are. */
  readonly attributes?: SpanAttributes
  /** When it began; default: now. */
  readonly startedAt?: Date | undefined
}

export interface SpanEnd {
  /** What went wrong, if anything did: a code of a catalogue rather than a message. */
  readonly error?: string | undefined
  readonly attributes?: SpanAttributes
  /** Default: now. */
  readonly at?: Date | undefined
}

export interface TraceSpan {
  /** To be handed on; null when there is no trace. */
  readonly traceparent: string | null
  /** 32 hex digits; null when there is no trace. */
  readonly traceId: string | null
  /** The second end of a span is none. */
  end(how?: SpanEnd): void
}

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const

export function startSpan(name: string, options: SpanOptions = {}): TraceSpan {
  const { parent, kind = 'internal', attributes = {}, startedAt } = options
  const span = trace
    .getTracer('stillhouse')
    .startSpan(name, { kind: KINDS[kind], attributes, ...(startedAt && { startTime: startedAt }) }, contextOf(parent))
  const known = span.spanContext()
  const valid = isSpanContextValid(known)
  let open = true
  return {
    traceparent: valid ? formatTraceparent(known) : null,
    traceId: valid ? known.traceId : null,
    end: ({ error, attributes: more, at } = {}) => {
      if (!open) return
      open = false
      if (more) span.setAttributes(more)
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error })
      span.end(at)
    },
  }
}

/** Id of the trace that a traceparent belongs to; null when it is none. */
export function traceIdOf(traceparent: string | null | undefined): string | null {
  return parseTraceparent(traceparent)?.traceId ?? null
}

function contextOf(parent: string | null | undefined): Context {
  const known = parseTraceparent(parent)
  return known === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, known)
}

/** As in https://www.w3.org/TR/trace-context-1/: later versions may add fields, `ff` is no version. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

function parseTraceparent(text: string | null | undefined): SpanContext | null {
  const [, version, traceId = '', spanId = '', flags = '', more] = TRACEPARENT.exec(text ?? '') ?? []
  if (version === undefined || (version === '00' && more !== undefined)) return null
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED
  const known = { traceId, spanId, traceFlags, isRemote: true }
  return isSpanContextValid(known) ? known : null
}

function formatTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
}
