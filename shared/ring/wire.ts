/** How a call to an agent is spelled in HTTP, for both ends. */
import { crc32 } from 'node:zlib';
import type { AgentCall, Kind } from '#shared/contracts/object-agent.ts';

export const secretHeader = 'x-backend-secret';
/** A footer travels as a trailer of this one name: JSON, for trailers are not kept apart from headers otherwise. */
export const footerTrailer = 'x-backend-footer';

/** One number for all blocks of a body, so that both ends know they mean the same. */
export const blocksCrc = (crcs: readonly number[]): number => crc32(crcs.join());

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
  const query = Object.fromEntries(new URLSearchParams(words));
  return { kind, device, partition: Number(partition), path: path.map(decodeURIComponent), query };
}

const isKind = (word: string): word is Kind => ['account', 'container', 'object'].includes(word);
