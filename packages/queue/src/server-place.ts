// How messages name a server: host, port and database, never the credentials that its URL carries.

export function serverPlace(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`
}
