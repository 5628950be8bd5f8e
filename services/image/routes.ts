import type { Route } from '#shared/http/route.ts';
import * as bytes from './bytes/handlers.ts';
import type { Images } from './context.ts';
import * as images from './images/handlers.ts';
import * as imports from './imports/handlers.ts';
import * as info from './info/handlers.ts';
import { listImages } from './listing/handlers.ts';
import * as members from './members/handlers.ts';
import * as schemas from './schemas/handlers.ts';
import { tagsOfImages } from './tags/handlers.ts';
import { listVersions, listVersionsAtRoot } from './versions/handlers.ts';

const all = '/v2/images';
const image = '/v2/images/:id';
const member = '/v2/images/:id/members/:member';

/** With a null rule the handler enforces it with the image as target, so that invisible images get 404. */
export const routes: Route<Images>[] = [
  { method: 'get', path: '/', handler: listVersionsAtRoot, rule: null, auth: 'none' },
  { method: 'get', path: '/versions', handler: listVersions, rule: null, auth: 'none' },
  { method: 'get', path: all, handler: listImages, rule: 'get_images' },
  { method: 'post', path: all, handler: images.createImage, rule: null },
  { method: 'delete', path: all, handler: images.refuseDeleteAll, rule: null },
  { method: 'get', path: image, handler: images.showImage, rule: null },
  { method: 'patch', path: image, handler: images.patchImage, rule: null },
  { method: 'delete', path: image, handler: images.deleteImage, rule: null },
  { method: 'put', path: `${image}/file`, handler: bytes.putBytes, rule: null, body: 'stream' },
  { method: 'get', path: `${image}/file`, handler: bytes.getBytes, rule: null },
  { method: 'put', path: `${image}/stage`, handler: bytes.stageBytes, rule: null, body: 'stream' },
  { method: 'post', path: `${image}/import`, handler: imports.importImage, rule: null },
  { method: 'get', path: `${image}/tasks`, handler: imports.listImports, rule: null },
  { method: 'post', path: `${image}/actions/deactivate`, handler: images.deactivateImage, rule: null },
  { method: 'post', path: `${image}/actions/reactivate`, handler: images.reactivateImage, rule: null },
  { method: 'get', path: `${image}/members`, handler: members.listMembers, rule: null },
  { method: 'post', path: `${image}/members`, handler: members.addMember, rule: null },
  { method: 'get', path: member, handler: members.showMember, rule: null },
  { method: 'put', path: member, handler: members.setMemberStatus, rule: null },
  { method: 'delete', path: member, handler: members.deleteMember, rule: null },
  ...tagsOfImages,
  { method: 'get', path: '/v2/schemas/image', handler: schemas.showImageSchema, rule: null },
  { method: 'get', path: '/v2/schemas/images', handler: schemas.showImagesSchema, rule: null },
  { method: 'get', path: '/v2/schemas/member', handler: schemas.showMemberSchema, rule: null },
  { method: 'get', path: '/v2/schemas/members', handler: schemas.showMembersSchema, rule: null },
  { method: 'get', path: '/v2/info/import', handler: info.showImportMethods, rule: null },
  { method: 'get', path: '/v2/info/stores', handler: info.listStores, rule: null },
  { method: 'get', path: '/v2/info/stores/detail', handler: info.listStoreDetails, rule: 'stores_info_detail' },
];
