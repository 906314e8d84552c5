package dev.realalign.curator.gate;

import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.namespace.QName;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * Values of a few properties of an XMP packet (ISO 16684-1), written as attribute, element, resource or list. A packet
 * is read as far as it is well-formed; document types and entities of its own are not.
 */
final class XmpProperties {
    /** Where the picture came from, by IPTC's vocabulary. */
    static final QName DIGITAL_SOURCE_TYPE = new QName("http://iptc.org/std/Iptc4xmpExt/2008-02/", "DigitalSourceType");
    /** Whether it may be mined, by the PLUS vocabulary. */
    static final QName DATA_MINING = new QName("http://ns.useplus.org/ldf/xmp/1.0/", "DataMining");
    /** The program that made it. */
    static final QName CREATOR_TOOL = new QName("http://ns.adobe.com/xap/1.0/", "CreatorTool");

    private static final List<QName> WANTED = List.of(DIGITAL_SOURCE_TYPE, DATA_MINING, CREATOR_TOOL);
    private static final String RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";

    private final Map<QName, List<String>> values = new LinkedHashMap<>();

    private XmpProperties() {}

    static XmpProperties of(byte[] packet) {
        XmpProperties properties = new XmpProperties();
        XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
        factory.setProperty(XMLInputFactory.IS_COALESCING, true);
        try {
            properties.read(factory.createXMLStreamReader(new ByteArrayInputStream(packet)));
        } catch (XMLStreamException | RuntimeException notWellFormed) {
            // what was read before stays: padding and cut packets end so
        }
        return properties;
    }

    /** Values of a property in their order; none where the packet does not have it. */
    List<String> of(QName property) {
        return values.getOrDefault(property, List.of());
    }

    private void read(XMLStreamReader xml) throws XMLStreamException {
        QName open = null;
        int depth = 0;
        while (xml.hasNext()) {
            int event = xml.next();
            if (event == XMLStreamConstants.START_ELEMENT) {
                for (int i = 0; i < xml.getAttributeCount(); i++) {
                    add(xml.getAttributeName(i), xml.getAttributeValue(i));
                }
                if (open == null && WANTED.contains(xml.getName())) {
                    open = xml.getName();
                    depth = 0;
                }
                if (open != null) {
                    depth++;
                    String resource = xml.getAttributeValue(RDF, "resource");
                    if (resource != null) {
                        add(open, resource);
                    }
                }
            } else if (event == XMLStreamConstants.END_ELEMENT && open != null && --depth == 0) {
                open = null;
            } else if (event == XMLStreamConstants.CHARACTERS && open != null) {
                add(open, xml.getText());
            }
        }
    }

    private void add(QName name, String value) {
        if (WANTED.contains(name) && !value.isBlank()) {
            values.computeIfAbsent(name, key -> new ArrayList<>()).add(value.strip());
        }
    }
}
