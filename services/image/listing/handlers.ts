import { type Handler, ok } from '#shared/http/route.ts';
import type { Images } from '../context.ts';
import { checkNoSlash } from '../images/handlers.ts';
import { imageView } from '../images/view.ts';
import { listRequest } from './query.ts';
import { listImages } from './store.ts';

export const showImages: Handler<Images> = async ({ db }, call) => {
  checkNoSlash(call);
  const { caller, queries } = call;
  const request = listRequest(queries);
  const images = request.limit === 0 ? [] : await listImages(db, caller, request);
  const last = images.length === request.limit ? images.at(-1)?.id : undefined;
  return ok({
    images: images.map(imageView),
    first: pageAt(queries),
    ...(last === undefined ? {} : { next: pageAt(queries, last) }),
    schema: '/v2/schemas/images',
  });
};

/** The same question, from another place. */
function pageAt(queries: Readonly<Record<string, readonly string[]>>, marker?: string): string {
  const pairs = Object.entries(queries).flatMap(([key, values]) =>
    key === 'marker' ? [] : values.map((value) => [key, value]),
  );
  const query = new URLSearchParams([...pairs, ...(marker === undefined ? [] : [['marker', marker]])]).toString();
  return query === '' ? '/v2/images' : `/v2/images?${query}`;
}
