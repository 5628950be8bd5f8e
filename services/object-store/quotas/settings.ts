/** Reading and setting quotas: of accounts by resellers, of containers by their owners. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Call } from '#shared/http/route.ts';
import type { Quota } from '../context.ts';
import { refuse } from '../requests/refusals.ts';

const kinds = ['bytes', 'count'] as const;
const number = (text: string | undefined): number =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : Infinity;

/** Swift had `X-Account-Meta-Quota-Bytes` before `X-Account-Quota-Bytes`: both are taken and shown. */
const spellings = (kind: string) => [
  `x-account-quota-${kind}`,
  ...(kind === 'bytes' ? ['x-account-meta-quota-bytes'] : []),
];

/** The quota headers to store. Throws 403 unless the caller is a reseller. */
export function accountQuotaOf(call: Call, headers: Headers): Headers {
  const kept: [string, string][] = [];
  for (const kind of kinds)
    for (const name of spellings(kind)) {
      const value = headers[name.replace(/^x-/, 'x-remove-')] === undefined ? headers[name] : '';
      if (value === undefined) continue;
      if (!call.may('object-store:resell')) throw refuse(403);
      if (value !== '' && number(value) === Infinity) throw refuse(400, `Invalid ${kind} quota.`);
      kept.push([`x-account-sysmeta-quota-${kind}`, value]);
      if (name.includes('-meta-')) kept.push([name, value]);
    }
  return Object.fromEntries(kept);
}

export const shownQuota = (headers: Headers): Headers =>
  Object.fromEntries(
    kinds.flatMap((kind) => {
      const value = headers[`x-account-sysmeta-quota-${kind}`];
      return value ? [[`x-account-quota-${kind}`, value]] : [];
    }),
  );

export const quotaOfAccount = (headers: Headers): Quota => ({
  bytes: number(headers['x-account-sysmeta-quota-bytes'] ?? headers['x-account-meta-quota-bytes']),
  count: number(headers['x-account-sysmeta-quota-count']),
});

export const quotaOfContainer = (headers: Headers): Quota => ({
  bytes: number(headers['x-container-meta-quota-bytes']),
  count: number(headers['x-container-meta-quota-count']),
});

/** Throws 400 for a quota of a container that is no number. */
export function checkContainerQuota(headers: Headers): void {
  for (const kind of kinds) {
    const value = headers[`x-container-meta-quota-${kind}`];
    if (value && number(value) === Infinity) throw refuse(400, `Invalid ${kind} quota.`);
  }
}

export const isLimited = ({ bytes, count }: Quota): boolean => bytes !== Infinity || count !== Infinity;
