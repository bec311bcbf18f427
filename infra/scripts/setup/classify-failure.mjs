// Reads what pip, npm or node-gyp printed before giving up and says which of the usual causes it was.

const NETWORK =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|network (request|timeout)|NewConnectionError|NameResolutionError|Max retries exceeded|Temporary failure in name resolution|Network is unreachable|Connection (refused|reset|broken|aborted|timed out)|Read timed out|ReadTimeout|ConnectTimeout|ProxyError|CERTIFICATE_VERIFY_FAILED|SELF_SIGNED_CERT|UNABLE_TO_(GET|VERIFY)|Remote end closed|IncompleteRead|\b50[234] (Server Error|Bad Gateway|Service Unavailable)/i
const DISK = /No space left on device|ENOSPC|Errno 28|EDQUOT|Disk quota exceeded/i

/**
 * @param {string} output
 * @returns {'disk' | 'network' | 'other'}
 */
export function classifyFailure(output) {
  if (DISK.test(output)) return 'disk'
  return NETWORK.test(output) ? 'network' : 'other'
}
