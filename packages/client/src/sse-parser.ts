// Server-sent events from text that arrives in pieces of any size (WHATWG HTML, section 9.2).

export interface SseMessage {
  readonly event: string
  readonly data: string
  /** The last id seen in the stream. */
  readonly id: string
}

export interface SseParser {
  /** The messages that this piece completes. */
  push(piece: string): SseMessage[]
}

export function createSseParser(): SseParser {
  let rest = ''
  let event = ''
  let data: string[] = []
  let id = ''

  const endOfMessage = (): SseMessage[] => {
    const message = { event: event || 'message', data: data.join('\n'), id }
    const complete = data.length > 0
    event = ''
    data = []
    return complete ? [message] : []
  }
  const readLine = (line: string): SseMessage[] => {
    if (line === '') return endOfMessage()
    const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
    if (field === 'event') event = value
    else if (field === 'data') data.push(value)
    else if (field === 'id' && !value.includes('\0')) id = value
    return []
  }
  return {
    push(piece) {
      const text = rest + piece
      // a carriage return at the end may be half of a line break
      const held = text.endsWith('\r') ? 1 : 0
      const lines = text.slice(0, text.length - held).split(/\r\n|\n|\r/)
      rest = (lines.pop() ?? '') + text.slice(text.length - held)
      return lines.flatMap(readLine)
    },
  }
}
