// What is no HTTP request at all never reaches a route; it too is answered with a problem document.
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { API_ERRORS, type Problem } from '@stillhouse/spec'
import { SECURITY_HEADERS } from './security-headers.ts'

export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  const [status, reason, detail] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large', 'The headers are too large.']
      : [400, 'Bad Request', 'This is not an HTTP request.']
  const problem: Problem = {
    type: 'https://stillhouse.dev/errors#request.invalid',
    title: API_ERRORS['request.invalid'].title,
    status: Number(status),
    code: 'request.invalid',
    detail: String(detail),
    requestId: randomUUID(),
  }
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    `X-Request-Id: ${problem.requestId}`,
    ...Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`),
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
