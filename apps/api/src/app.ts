// The HTTP application, pure: no process, no environment, no clock of its own. Everything it needs is handed in, so a
// test can build it around a fake service and inject requests.
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import { STILLHOUSE_VERSION } from '@stillhouse/kit'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { type ApiConfig, type ApiContext, DEFAULT_CONFIG } from './context.ts'
import { answerBrokenRequest } from './http/answer-broken-request.ts'
import { compileValidator } from './http/compile-validator.ts'
import { CONTENT_POLICY } from './http/security-headers.ts'
import { auth } from './plugins/auth.ts'
import { bodies } from './plugins/bodies.ts'
import { documentation } from './plugins/documentation.ts'
import { limits } from './plugins/limits.ts'
import { collectMethods, type MethodTable, methodNotAllowed } from './plugins/method-not-allowed.ts'
import { metrics } from './plugins/metrics.ts'
import { orderlyClose } from './plugins/orderly-close.ts'
import { problems, sendProblem } from './plugins/problems.ts'
import { requestLog } from './plugins/request-log.ts'
import { routeContract } from './plugins/route-contract.ts'
import { tracing } from './plugins/tracing.ts'
import { ROUTES } from './routes/index.ts'

export interface AppOptions extends Omit<ApiContext, 'config'> {
  readonly config?: Partial<ApiConfig>
}

/** Builds the application. It does not listen; closing it does not close the service. */
export function createApp({ config, ...rest }: AppOptions): FastifyInstance {
  const context: ApiContext = { ...rest, config: { ...DEFAULT_CONFIG, ...config } }
  const app = createServer(context)
  const table: MethodTable = new Map()
  collectMethods(app, table)
  app.setValidatorCompiler(compileValidator)
  // responses are checked against their schemas in the tests; serialising by schema would silently drop fields here
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: CONTENT_POLICY },
    frameguard: { action: 'deny' },
  })
  app.register(orderlyClose)
  app.register(tracing)
  app.register(problems)
  app.register(requestLog)
  app.register(routeContract)
  app.register(rateLimit, { global: false })
  app.register(auth, context)
  app.register(limits, context)
  app.register(bodies)
  app.register(documentation)
  app.register(metrics, context)
  for (const routes of ROUTES) app.register(routes, context)
  app.register(methodNotAllowed, { table })
  return app
}

function createServer({ logger, config }: ApiContext): FastifyInstance {
  return Fastify({
    loggerInstance: logger.child({ version: STILLHOUSE_VERSION }) as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestIdOf,
    trustProxy: config.trustProxy ?? false,
    bodyLimit: config.bodyLimit,
    // a socket on which nothing moves, in either direction; event streams move every few seconds
    connectionTimeout: 120_000,
    // requests that arrive while the last ones are served out are answered, not refused
    return503OnClosing: false,
    routerOptions: { maxParamLength: 500 },
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply),
    clientErrorHandler: answerBrokenRequest,
  })
}

/** A caller's own id, if it is harmless, so that its logs and ours meet. */
function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID()
}
