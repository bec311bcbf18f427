// What lies in the artifact store, read past the service: its own list could not show what it does not know of.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const DIGEST = /^[0-9a-f]{64}$/

/**
 * @param {string} artifactUrl file:///folder or s3://bucket/prefix
 * @param {import('@stillhouse/testkit').TestS3 | null} s3
 * @returns {Promise<{sha256: string, size: number}[]>} without uploads that were broken off: those never got a name
 */
export async function listBlobs(artifactUrl, s3) {
  const all = s3 === null ? await listFolder(fileURLToPath(artifactUrl)) : await listBucket(new URL(artifactUrl), s3)
  return all.filter(({ sha256 }) => DIGEST.test(sha256))
}

/** @param {string} folder */
async function listFolder(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ name, parentPath }) => ({ sha256: name, size: (await stat(join(parentPath, name))).size })),
  )
}

/** @param {URL} url @param {import('@stillhouse/testkit').TestS3} s3 */
async function listBucket({ host: bucket, pathname }, { port }) {
  /** @type {{sha256: string, size: number}[]} */
  const found = []
  for (let after = ''; ; ) {
    const query = new URLSearchParams({ 'list-type': '2', prefix: `${pathname.slice(1)}/`, 'start-after': after })
    const response = await fetch(`http://127.0.0.1:${port}/${bucket}?${query}`)
    if (!response.ok) throw new Error(`The bucket could not be listed: ${response.status} ${await response.text()}`)
    const keys = [...(await response.text()).matchAll(/<Key>([^<]+)<\/Key>.*?<Size>(\d+)<\/Size>/gs)]
    if (keys.length === 0) return found
    for (const [, key = '', size] of keys) {
      found.push({ sha256: key.split('/').at(-1) ?? '', size: Number(size) })
      after = key
    }
  }
}
