/** The encoding of calls to object agents in HTTP, for both sides. */
import { crc32 } from 'node:zlib';
import type { AgentCall, Kind } from '#shared/contracts/object-agent.ts';

export const secretHeader = 'x-backend-secret';
/** The trailer with the footer of an upload as JSON: separate trailers could not be distinguished from headers. */
export const footerTrailer = 'x-backend-footer';

/** The checksum of the checksums of all blocks, by which the agent verifies that it has them all. */
export const blocksCrc = (crcs: readonly number[]): number => crc32(crcs.join());

/**
 * The HTTP methods of the calls. Node's parser refuses unknown methods, among them REPLICATE, so REPORT is sent instead.
 */
export const wireMethods: Readonly<Record<AgentCall['method'], string>> = {
  GET: 'GET',
  HEAD: 'HEAD',
  PUT: 'PUT',
  POST: 'POST',
  DELETE: 'DELETE',
  REPLICATE: 'REPORT',
};

/** Returns the method of a call; undefined for another HTTP method. */
export const methodOf = (httpMethod: string | undefined): AgentCall['method'] | undefined =>
  (Object.keys(wireMethods) as AgentCall['method'][]).find((method) => wireMethods[method] === httpMethod);

export const urlOf = ({ kind, device, partition, path, query = {} }: AgentCall): string => {
  const search = new URLSearchParams(query).toString();
  const pathname = ['', kind, device, String(partition), ...path.map(encodeURIComponent)].join('/');
  return search ? `${pathname}?${search}` : pathname;
};

type Target = Pick<AgentCall, 'kind' | 'device' | 'partition' | 'path' | 'query'>;

/** Parses the URL of a call; undefined when it is none. */
export function readUrl(url: string): Target | undefined {
  const [pathname = '', search = ''] = url.split('?');
  const [, kind = '', device = '', partition = '', ...path] = pathname.split('/');
  if (!isKind(kind) || !/^[\w.-]+$/.test(device) || !/^\d+$/.test(partition)) return undefined;
  const names = decodedPath(path);
  const query = Object.fromEntries(new URLSearchParams(search));
  return names && { kind, device, partition: Number(partition), path: names, query };
}

function decodedPath(path: readonly string[]): string[] | undefined {
  try {
    return path.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

const isKind = (text: string): text is Kind => ['account', 'container', 'object'].includes(text);
