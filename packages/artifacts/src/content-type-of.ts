// Content types of the files that jobs leave behind. HTML is missing on purpose: artifacts are served from the API's
// own origin, where a page written by a job must not run.

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  bin: 'application/octet-stream',
  csv: 'text/csv; charset=utf-8',
  gz: 'application/gzip',
  json: 'application/json',
  jsonl: 'application/x-ndjson',
  log: 'text/plain; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  onnx: 'application/octet-stream',
  pb: 'application/octet-stream',
  png: 'image/png',
  tar: 'application/x-tar',
  tflite: 'application/octet-stream',
  txt: 'text/plain; charset=utf-8',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  zip: 'application/zip',
}

/** Content type by the path's last extension; `application/octet-stream` when it is unknown or missing. */
export function contentTypeOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const dot = name.lastIndexOf('.')
  const extension = dot < 0 ? '' : name.slice(dot + 1).toLowerCase()
  return (Object.hasOwn(CONTENT_TYPES, extension) && CONTENT_TYPES[extension]) || 'application/octet-stream'
}
