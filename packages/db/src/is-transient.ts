// Which database errors may go away by themselves: a restart, a lost connection, a lost race between transactions.

const SQLSTATES = new Set([
  '08000', // connection exception
  '08001', // cannot connect
  '08003', // connection does not exist
  '08004', // connection rejected
  '08006', // connection failure
  '25P03', // idle in transaction for too long
  '40001', // serialization failure
  '40P01', // deadlock
  '53300', // too many connections
  '57P01', // administrator shut the server down
  '57P02', // server crashed
  '57P03', // server is starting up
  '57P05', // idle session for too long
])
const SOCKET_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'EPIPE', 'ETIMEDOUT'])
// https://www.prisma.io/docs/orm/reference/error-reference
const PRISMA_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034', 'P2037'])
// kinds of errors of Prisma's driver adapters
const ADAPTER_KINDS = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TransactionWriteConflict',
  'TooManyConnections',
])
// pg raises these without a code
const MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|connection error and is not queryable|Client was closed/i

/** True when the same call may succeed a moment later without any change on our side. */
export function isTransient(error: unknown): boolean {
  const seen = new Set<unknown>()
  const look = (value: unknown): boolean => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return false
    seen.add(value)
    return speaksOfTransience(value as Record<string, unknown>) || inside(value as Record<string, unknown>).some(look)
  }
  return look(error)
}

function speaksOfTransience(error: Record<string, unknown>): boolean {
  const codes = [error['code'], error['originalCode']].map(String)
  if (codes.some((code) => SQLSTATES.has(code) || SOCKET_CODES.has(code) || PRISMA_CODES.has(code))) return true
  return ADAPTER_KINDS.has(String(error['kind'])) || MESSAGES.test(String(error['message'] ?? ''))
}

/** Where errors hide the errors that caused them: `cause`, Prisma's `meta`, AggregateError's `errors`. */
function inside(error: Record<string, unknown>): unknown[] {
  const meta = error['meta'] as Record<string, unknown> | undefined
  const errors = Array.isArray(error['errors']) ? error['errors'] : []
  return [error['cause'], meta?.['driverAdapterError'], ...errors]
}
