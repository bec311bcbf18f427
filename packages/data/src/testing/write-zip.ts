// Zip archives for tests, members stored or deflated.
import { crc32, deflateRawSync } from 'node:zlib'

export function zipFile(members: Readonly<Record<string, Uint8Array>>, method: 'stored' | 'deflate'): Buffer {
  const [locals, central]: [Buffer[], Buffer[]] = [[], []]
  let offset = 0
  for (const [name, content] of Object.entries(members)) {
    const data = method === 'deflate' ? deflateRawSync(content) : content
    const fields = commonFields({ name, content, data, method })
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), fields, Buffer.from(name), data])
    locals.push(local)
    central.push(centralHeader(fields, name, offset))
    offset += local.length
  }
  const size = central.reduce((sum, { length }) => sum + length, 0)
  return Buffer.concat([...locals, ...central, endRecord(central.length, size, offset)])
}

interface Member {
  readonly name: string
  readonly content: Uint8Array
  readonly data: Uint8Array
  readonly method: 'stored' | 'deflate'
}

/** What local and central header share: version needed … length of the extra field. */
function commonFields({ name, content, data, method }: Member): Buffer {
  const fields = Buffer.alloc(26)
  fields.writeUInt16LE(20, 0)
  fields.writeUInt16LE(method === 'deflate' ? 8 : 0, 4)
  fields.writeUInt32LE(crc32(content), 10)
  fields.writeUInt32LE(data.length, 14)
  fields.writeUInt32LE(content.length, 18)
  fields.writeUInt16LE(Buffer.byteLength(name), 22)
  return fields
}

function centralHeader(fields: Buffer, name: string, offset: number): Buffer {
  const rest = Buffer.alloc(14)
  rest.writeUInt32LE(offset, 10)
  return Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\0', 'latin1'), fields, rest, Buffer.from(name)])
}

function endRecord(count: number, size: number, offset: number): Buffer {
  const end = Buffer.alloc(22)
  end.write('PK\u0005\u0006', 'latin1')
  end.writeUInt16LE(count, 8)
  end.writeUInt16LE(count, 10)
  end.writeUInt32LE(size, 12)
  end.writeUInt32LE(offset, 16)
  return end
}
