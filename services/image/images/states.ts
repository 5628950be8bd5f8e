/** What an image can be doing, and for how long its bytes are wanted. */
export type ImageStatus = 'queued' | 'saving' | 'uploading' | 'active' | 'deactivated' | 'deleted';
export type Visibility = 'public' | 'community' | 'shared' | 'private';

export const visibilities: readonly Visibility[] = ['community', 'public', 'private', 'shared'];

/** Its bytes are there, whole. */
export const hasBytes = (status: ImageStatus): boolean => status === 'active' || status === 'deactivated';
