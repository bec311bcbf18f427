// An error answer of the service, readable as it is and with everything that the service said about it.
import type { Fault, Problem } from '@stillhouse/spec'

/** The service refused a request, or failed at it. The message says what to do about it. */
export class ApiProblem extends Error {
  readonly problem: Problem
  /** HTTP status. */
  readonly status: number
  /** A code of the error catalogue; `http.<status>` when something else than the service answered. */
  readonly code: string
  readonly faults: readonly Fault[]

  constructor(problem: Problem) {
    super(problem.detail)
    this.name = 'ApiProblem'
    this.problem = problem
    this.status = problem.status
    this.code = problem.code
    this.faults = problem.faults ?? []
  }
}

/** Reads the problem document of an error response; makes one for answers of proxies and the like. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const text = await response.text().catch(() => '')
  // an answer to HEAD names the type of a document that it does not have
  const isProblem = text !== '' && response.headers.get('content-type')?.startsWith('application/problem+json')
  return new ApiProblem(isProblem ? (JSON.parse(text) as Problem) : foreignProblem(response, text))
}

function foreignProblem({ status, statusText, url }: Response, text: string): Problem {
  const said = text.trim().slice(0, 200)
  return {
    type: 'about:blank',
    title: statusText || `HTTP ${status}`,
    status,
    code: `http.${status}`,
    detail: `${url} answered ${status} ${statusText}${said === '' ? '' : `: ${said}`}`,
  }
}
