import { Module } from '@nestjs/common';
import { NotifierModule } from '../notifier/notifier.module.js';
import { PreviewController } from './preview.controller.js';

/** Loaded only in development. */
@Module({ imports: [NotifierModule], controllers: [PreviewController] })
export class PreviewModule {}
