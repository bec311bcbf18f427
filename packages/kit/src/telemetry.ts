// Sends the spans of this process to an OpenTelemetry collector, if the environment names one by the standard variables.
// The SDK is loaded only then; without it every span is inert.
import { DiagLogLevel, diag, trace } from '@opentelemetry/api'
import type { Logger } from './logger.ts'
import { STILLHOUSE_VERSION } from './version.ts'

export interface TelemetryOptions {
  /** Name of the service; OTEL_SERVICE_NAME stands over it. */
  readonly service: string
  readonly logger: Logger
}

export interface Telemetry {
  readonly enabled: boolean
  /** Sends what is not sent yet and records nothing more. */
  close(): Promise<void>
}

const OFF: Telemetry = { enabled: false, close: async () => undefined }

/** How long the end of a process waits for a collector. */
const CLOSE_MS = 3000

/** Call it once, before the first span. A collector that does not answer is logged and disturbs nothing. */
export async function startTelemetry({ service, logger }: TelemetryOptions): Promise<Telemetry> {
  if (!isWanted(process.env)) return OFF
  const { createProvider } = await import('./telemetry-provider.ts')
  diag.setLogger(diagnostics(logger), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true })
  const provider = createProvider({ service, version: STILLHOUSE_VERSION })
  trace.setGlobalTracerProvider(provider)
  logger.info('traces are sent to a collector')
  return {
    enabled: true,
    close: async () => {
      trace.disable()
      const late = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_MS).unref())
      const sent = provider.shutdown().catch((error: unknown) => logger.warn({ err: error }, 'traces were not sent'))
      await Promise.race([sent, late])
    },
  }
}

function isWanted(env: NodeJS.ProcessEnv): boolean {
  const disabled = env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none'
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT']
  return !disabled && endpoint !== undefined && endpoint !== ''
}

/** What the SDK has to say goes into the log of the process. */
function diagnostics(logger: Logger) {
  const quiet = (): void => undefined
  // further arguments may hold the headers of an export, and so a key
  const tell = (level: 'warn' | 'error') => (message: string) => logger[level]({ telemetry: message }, 'telemetry')
  return { error: tell('error'), warn: tell('warn'), info: quiet, debug: quiet, verbose: quiet }
}
