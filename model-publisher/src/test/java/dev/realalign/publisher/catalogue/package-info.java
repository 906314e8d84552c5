/** Tests of the catalogue's pure parts; module tests asks it over HTTP.. */
@NullMarked
package dev.realalign.publisher.catalogue;

import org.jspecify.annotations.NullMarked;
