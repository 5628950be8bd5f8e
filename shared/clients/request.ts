/** What all clients of APIs share: queries, and answers that stand for an absent resource. */
import { Fault } from '#shared/errors/fault.ts';

export type Query = Readonly<Record<string, string | readonly string[]>>;

/** Returns `?a=1&b=2&b=3`, or '' for an empty query. */
export function queryOf(query: Query): string {
  const pairs = Object.entries(query).flatMap(([key, value]) => [value].flat().map((each) => [key, String(each)]));
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
}

/** Resolves to undefined when the answer is 404; other errors are thrown. */
export async function findOne<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (error instanceof Fault && error.status === 404) return undefined;
    throw error;
  });
}

/** Resolves when the resource was deleted or did not exist. */
export async function ensureDeleted(answer: Promise<unknown>): Promise<void> {
  await findOne(answer);
}
