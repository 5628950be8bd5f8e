import type { Source } from '../objects/source.ts';
import type { ObjectRequest } from '../requests/request.ts';
import { dynamicObject } from './dlo.ts';
import type { StoredForm } from './feature.ts';
import { manifest, staticObject } from './slo-segments.ts';
import { followed } from './symlink.ts';

const forms: readonly StoredForm[] = [manifest, dynamicObject, staticObject];

/** The source of the bytes of an object: itself, or the objects that it stands for. */
export async function resolved(first: ObjectRequest, stored: Source): Promise<Source> {
  const { request, source } = await followed(first, stored);
  return forms.find((form) => form.matches(source, request))?.resolve(request, source) ?? source;
}
