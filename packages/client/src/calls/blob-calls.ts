// Content by its sha256, streamed both ways.
import { ApiProblem } from '../api-problem.ts'
import type { Client, Content } from '../client.ts'
import type { CallOptions } from '../send.ts'
import type { Wire } from '../wire.ts'

type BlobCalls = Pick<Client, 'hasBlob' | 'uploadBlob' | 'downloadBlob'>

export function blobCalls({ send, baseUrl }: Wire): BlobCalls {
  const urlOf = (sha256: string): string => `${baseUrl}/v1/blobs/${encodeURIComponent(sha256)}`

  const hasBlob = async (sha256: string, options?: CallOptions): Promise<boolean> => {
    try {
      await send(new Request(urlOf(sha256), { method: 'HEAD' }), options?.signal)
      return true
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 404) return false
      throw error
    }
  }

  return {
    hasBlob,
    uploadBlob: async (sha256, content, options) => {
      if (await hasBlob(sha256, options)) {
        if (content instanceof ReadableStream) await content.cancel()
        return 'present'
      }
      const response = await send(new Request(urlOf(sha256), uploadOf(content)), options?.signal)
      return response.status === 201 ? 'stored' : 'present'
    },
    downloadBlob: async (sha256, options) => {
      const response = await send(new Request(urlOf(sha256)), options?.signal)
      return response.body ?? new Blob().stream()
    },
  }
}

function uploadOf(body: Content): RequestInit {
  // a stream can only be sent one way at a time; fetch wants to hear that said
  const duplex = { duplex: 'half' } as RequestInit
  return { method: 'PUT', headers: { 'content-type': 'application/octet-stream' }, body, ...duplex }
}
