import type { Call } from '#shared/http/route.ts';
import type { ObjectStore } from '../context.ts';
import type { Source } from '../objects/source.ts';
import type { ObjectPath } from '../requests/request.ts';
import { dynamicObject } from './dlo.ts';
import type { StoredForm } from './feature.ts';
import { manifest, staticObject } from './slo-segments.ts';

const forms: readonly StoredForm[] = [manifest, dynamicObject, staticObject];

/** The source of the bytes of an object: itself, or the objects that it stands for. */
export const resolved = async (store: ObjectStore, call: Call, target: ObjectPath, source: Source): Promise<Source> =>
  forms.find((form) => form.matches(source, call))?.resolve(store, call, target, source) ?? source;
