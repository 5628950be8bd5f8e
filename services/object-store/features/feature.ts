/**
 * A feature beside plain storage: requests that it answers in place of the plain handlers, and stored objects that stand
 * for the bytes of others. A new one is a file of its own and a line in all.ts or in resolve.ts.
 */
import type { Call, Route } from '#shared/http/route.ts';
import type { ObjectStore } from '../context.ts';
import type { Source } from '../objects/source.ts';
import type { ObjectRequest, PathHandler } from '../requests/request.ts';

export type Method = Route<ObjectStore>['method'];
export type Level = 'account' | 'container' | 'object';
export type Verbs = Readonly<Partial<Record<Method, PathHandler>>>;

export interface Feature extends Readonly<Partial<Record<Level, Verbs>>> {
  /** Whether the request asks for it. */
  matches(call: Call): boolean;
}

export interface StoredForm {
  matches(source: Source, request: ObjectRequest): boolean;
  /** The source of the bytes that the object stands for. */
  resolve(request: ObjectRequest, source: Source): Promise<Source>;
}
