import type { Source } from '../objects/source.ts';
import type { ObjectRequest } from '../requests/request.ts';
import { dynamicObject } from './dlo.ts';
import type { StoredForm } from './feature.ts';
import { manifest, staticObject } from './slo-segments.ts';

const forms: readonly StoredForm[] = [manifest, dynamicObject, staticObject];

/** The source of the bytes of an object: itself, or the objects that it stands for. */
export const resolved = async (request: ObjectRequest, source: Source): Promise<Source> =>
  forms.find((form) => form.matches(source, request))?.resolve(request, source) ?? source;
