// The files of a multipart form, one after another, as they arrive. Nothing is collected: a form may hold more files
// than memory, and one that ends too early is an error, never a shorter form.
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { Busboy, type BusboyHeaders } from '@fastify/busboy'
import { ApiError } from '@stillhouse/kit'
import { createBell } from './bell.ts'
import { faulty } from './compile-validator.ts'

export interface FormFile {
  /** Of the part; what a file was called at home is not asked. */
  readonly name: string
  /** To be read to its end, or dropped with `resume`, before the next file is asked for. */
  readonly content: Readable
}

/** Room for the longest name in the headers of a part. */
const HEADER_BYTES = 16_384
const WAIT_MS = 60_000

/**
 * The files of the form in `body`. What is left of a body after an error is read and dropped, so that its sender can
 * hear why.
 * @throws ApiError request.invalid for a form that is broken or holds other fields, request.too_large for too many files
 */
export async function* formFiles(
  body: Readable,
  headers: IncomingHttpHeaders,
  maxFiles: number,
): AsyncGenerator<FormFile> {
  const form = parse(body, headers, maxFiles)
  try {
    for (;;) {
      if (form.failure() !== null) throw form.failure()
      const file = form.files.shift()
      if (file !== undefined) yield file
      else if (form.hasEnded()) return
      else await form.news(WAIT_MS)
    }
  } finally {
    form.drop()
  }
}

function parse(body: Readable, headers: IncomingHttpHeaders, maxFiles: number) {
  const bell = createBell()
  const files: FormFile[] = []
  const open = new Set<Readable>()
  let failure: Error | null = null
  let ended = false
  const form = createParser(headers, maxFiles)
  const fail = (error: Error): void => {
    failure ??= error
    for (const content of open) content.destroy(failure)
    bell.ring()
  }
  form.on('file', (name: string | undefined, content: Readable) => {
    open.add(content)
    content.on('close', () => open.delete(content))
    content.on('error', fail)
    files.push({ name: name ?? '', content })
    bell.ring()
  })
  form.on('field', (name: string | undefined) => fail(notAFile(name ?? '')))
  form.on('filesLimit', () => fail(tooMany(maxFiles)))
  form.on('error', (error: unknown) => fail(broken(error)))
  form.on('finish', () => {
    ended = true
    bell.ring()
  })
  const cutOff = (): void => {
    if (!body.readableEnded) fail(broken(new Error('the body ended too early')))
  }
  body.on('error', cutOff)
  body.on('close', cutOff)
  body.pipe(form)
  return {
    files,
    failure: () => failure,
    hasEnded: () => ended,
    news: (ms: number) => bell.wait(ms),
    drop: () => {
      body.unpipe(form)
      body.resume()
      for (const content of open) content.destroy()
    },
  }
}

function createParser(headers: IncomingHttpHeaders, maxFiles: number): InstanceType<typeof Busboy> {
  try {
    return new Busboy({ headers: headers as BusboyHeaders, limits: { files: maxFiles, headerSize: HEADER_BYTES } })
  } catch (error) {
    throw broken(error)
  }
}

function notAFile(name: string): ApiError {
  const message = 'this part of the form is no file'
  return faulty([{ path: `/${name.slice(0, 100)}`, message, expected: 'files only', received: 'a field' }])
}

function tooMany(maxFiles: number): ApiError {
  return new ApiError(
    'request.too_large',
    `The form holds too many files. Expected at most ${maxFiles}, received more. Send fewer, larger files (e.g. npz), or have the limit raised (DATASET_FILES).`,
  )
}

function broken(error: unknown): Error {
  if (error instanceof ApiError) return error
  const message = error instanceof Error ? error.message : String(error)
  return faulty([{ path: '', message, expected: 'a complete multipart/form-data body', received: 'something else' }])
}
