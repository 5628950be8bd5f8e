/** How a call to an agent is spelled in HTTP, for both ends. */
import { crc32 } from 'node:zlib';
import type { AgentCall, Kind } from '#shared/contracts/object-agent.ts';

export const secretHeader = 'x-backend-secret';
/** A footer travels as a trailer of this one name: JSON, for trailers are not kept apart from headers otherwise. */
export const footerTrailer = 'x-backend-footer';

/** One number for all blocks of a body, so that both ends know they mean the same. */
export const blocksCrc = (crcs: readonly number[]): number => crc32(crcs.join());

/**
 * The methods as HTTP says them. Node's parser refuses methods that it does not know before any code of ours sees them,
 * and it does not know REPLICATE.
 */
export const wireMethods: Readonly<Record<AgentCall['method'], string>> = {
  GET: 'GET',
  HEAD: 'HEAD',
  PUT: 'PUT',
  POST: 'POST',
  DELETE: 'DELETE',
  REPLICATE: 'REPORT',
};

/** Undefined for a method that no call has. */
export const methodOf = (spelled: string | undefined): AgentCall['method'] | undefined =>
  (Object.keys(wireMethods) as AgentCall['method'][]).find((method) => wireMethods[method] === spelled);

export const urlOf = ({ kind, device, partition, path, query = {} }: AgentCall): string => {
  const words = new URLSearchParams(query).toString();
  const way = ['', kind, device, String(partition), ...path.map(encodeURIComponent)].join('/');
  return words ? `${way}?${words}` : way;
};

type Spelled = Pick<AgentCall, 'kind' | 'device' | 'partition' | 'path' | 'query'>;

/** Undefined when it is not a call of ours. */
export function readUrl(url: string): Spelled | undefined {
  const [way = '', words = ''] = url.split('?');
  const [, kind = '', device = '', partition = '', ...path] = way.split('/');
  if (!isKind(kind) || !/^[\w.-]+$/.test(device) || !/^\d+$/.test(partition)) return undefined;
  const names = decodedPath(path);
  const query = Object.fromEntries(new URLSearchParams(words));
  return names && { kind, device, partition: Number(partition), path: names, query };
}

function decodedPath(path: readonly string[]): string[] | undefined {
  try {
    return path.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

const isKind = (word: string): word is Kind => ['account', 'container', 'object'].includes(word);
