import { type Handler, ok } from '#shared/http/route.ts';
import type { Images } from '../context.ts';
import { imageSchema, imagesSchema, memberSchema, membersSchema, taskSchema, tasksSchema } from './documents.ts';

export const showImageSchema: Handler<Images> = async ({ config }) => ok(imageSchema(config));
export const showImagesSchema: Handler<Images> = async ({ config }) => ok(imagesSchema(config));
export const showMemberSchema: Handler<Images> = async () => ok(memberSchema);
export const showMembersSchema: Handler<Images> = async () => ok(membersSchema);
export const showTaskSchema: Handler<Images> = async () => ok(taskSchema);
export const showTasksSchema: Handler<Images> = async () => ok(tasksSchema);
